//! End-to-end tests of Failure Lab. All of it is in `end-to-end/`: one binary, so that everything
//! is linked once. `scenarios/` holds scenario files made for the tests.
