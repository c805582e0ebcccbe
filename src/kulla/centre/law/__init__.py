"""What law and practice ask of a case: clocks, types, severity, playbooks, drafts. Pure: values in, values out."""
