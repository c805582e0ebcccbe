"""From audited accesses to reads, on the owner's side: which records did a statement return? See docs/reads.md."""
