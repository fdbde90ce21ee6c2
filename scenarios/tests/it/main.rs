//! Files in, diagnostics or plans out, through the public interface.

#[cfg(test)]
mod attach;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod diagnostics;
mod figures;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod inline;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod robustness;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod text;
