"""Help for the tests of whoever uses MSF: fixtures of pytest over the local MSF."""
