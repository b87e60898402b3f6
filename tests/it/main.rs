

mod real;
