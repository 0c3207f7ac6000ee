"""HTTP/1.1 on sockets: exact bytes out, a bounded response in."""
