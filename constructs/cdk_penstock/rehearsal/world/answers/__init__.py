"""Small services behind the gateway: what the library's own automation asks of AWS, and nothing more."""
