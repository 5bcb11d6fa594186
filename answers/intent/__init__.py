"""The user's goal: what a picture question is asked for, guessed from the question; it decides what the answer leads with."""
