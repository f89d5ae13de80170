//! HTTP from outside: who gets in, what errors look like, what the document says.

mod access;
mod inventory;
mod pages;
