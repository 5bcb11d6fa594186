"""Quality on collections that no order, embedding or threshold was fitted on: `omma evaluate --unseen`."""
