//! HTTP from outside: who gets in, what errors look like, what the document says.

mod access;
mod clearing;
mod inventory;
mod pages;
