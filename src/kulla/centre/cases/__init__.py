"""Cases: what people make of alerts and reports, with tasks, clocks, observables and holds."""
