"""Evidence: all that belongs to a work item or an id, as one document that another party can check."""
