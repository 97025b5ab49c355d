"""The law of time: standard library only, no input or output, time as an argument."""
