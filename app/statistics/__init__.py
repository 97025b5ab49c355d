"""The figures of a period, each with its definition, and whose each day of an application is."""
