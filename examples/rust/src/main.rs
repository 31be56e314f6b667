//! Mish of slices and of single numbers, from Rust.
use std::ffi::{c_char, c_int, c_void, CStr};

const FLOAT32: c_int = 2; // of mish_format

extern "C" {
    fn mish(x: f64) -> f64;
    fn mish_array(
        order: c_int, format: c_int, x: *const c_void, x_stride: isize, y: *mut c_void,
        y_stride: isize, n: usize,
    ) -> c_int;
    fn mish_status_text(status: c_int) -> *const c_char;
}

/// The derivative of an order at each x; order 0 is Mish itself.
fn derivative(order: c_int, x: &[f32]) -> Result<Vec<f32>, String> {
    let mut y = vec![0.0f32; x.len()];
    // Both arrays are aligned, contiguous and of the same length.
    let status = unsafe {
        mish_array(order, FLOAT32, x.as_ptr().cast(), 4, y.as_mut_ptr().cast(), 4, x.len())
    };
    if status == 0 {
        return Ok(y);
    }
    let text = unsafe { CStr::from_ptr(mish_status_text(status)) };
    Err(text.to_string_lossy().into_owned())
}

fn main() -> Result<(), String> {
    let x = [-5.0, -1.1924312, 0.0, 0.5, 3.0];
    println!("{:?}", derivative(0, &x)?);
    println!("{:?}", derivative(1, &x)?);
    println!("{:?}", unsafe { mish(1.0) }); // any number is fine
    println!("{}", derivative(4, &x).unwrap_err());
    Ok(())
}
