"""From findings to the result: verdicts, waivers, baseline, causes."""
