"""The operations of MSF's API, a module for each group, over the state machine."""
