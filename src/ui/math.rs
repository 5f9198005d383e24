//! What the browser computes better than code that would have to be loaded: in it these are its own
//! functions, elsewhere Rust's.

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($x:ident $(, $y:ident)?) = $native:ident, $browser:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name($x: f64 $(, $y: f64)?) -> f64 {
            #[cfg(target_arch = "wasm32")]
            return js_sys::Math::$browser($x $(, $y)?);
            #[cfg(not(target_arch = "wasm32"))]
            return f64::$native($x $(, $y)?);
        }
    )*};
}

functions! {
    /// The sine of an angle in radians.
    sin(x) = sin, sin;
    /// The cosine of an angle in radians.
    cos(x) = cos, cos;
    /// The angle of a direction, in radians.
    atan2(y, x) = atan2, atan2;
    /// e to the power of a number.
    exp(x) = exp, exp;
    /// A number to the power of another.
    pow(x, y) = powf, pow;
    /// The length of the hypotenuse.
    hypot(x, y) = hypot, hypot;
    /// The decimal logarithm.
    log10(x) = log10, log10;
}
