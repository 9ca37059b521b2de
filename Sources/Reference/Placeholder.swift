enum ReferencePlaceholder {}
