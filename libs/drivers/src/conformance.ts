/** The conformance suite of drivers. */ export {};
