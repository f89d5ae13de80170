//! HTTP from outside: who gets in, what errors look like, what the document says.

mod access;
mod clearing;
mod exports;
mod inventory;
mod pages;
mod search;
mod walk;
