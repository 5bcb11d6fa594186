"""The user's goal: questions with known goals, fitting the classifier to some of them, measuring it on others."""
