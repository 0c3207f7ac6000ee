"""Every request of the suite: from the calls of the contract down to the bytes that go out and the waits in between."""
