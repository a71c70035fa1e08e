//! Pages as a browser, a test script and an operator meet them.

#[cfg(test)]
mod builtin;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod contrast;
#[cfg(test)]
mod custom_dir;
#[cfg(test)]
mod hostile;
