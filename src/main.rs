//! The program `demarche`: hands its arguments to [`demarche::cli`].

fn main() {}
