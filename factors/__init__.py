"""The open list of factors: every module of this folder that defines a named `Factor` takes part."""
