//! The judge on whole journals: what it says of honest runs, of broken ones, and of noise.
#![cfg(test)]

mod broken;
mod build;
mod early;
mod figures;
mod honest;
mod noise;
mod patterns;
mod size;
