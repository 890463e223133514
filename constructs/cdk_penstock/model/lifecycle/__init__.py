"""MSF's state machine: pure functions over values, shared by the local service, the planners and the tests."""
