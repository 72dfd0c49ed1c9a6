//! The panic handler of bare-metal targets. Hosts have the standard library's.

#[cfg(target_os = "none")]
mod bare_metal {
    use core::panic::PanicInfo;

    #[cfg(not(feature = "locations"))]
    unsafe extern "C" {
        /// The hook that firmware supplies on bare metal: it resets the device, and does not return. It is called instead
        /// of a state that should be impossible.
        // Not declared `safe`: cbindgen reads only the older form.
        fn ejwt_panic() -> !;
    }

    #[cfg(feature = "locations")]
    unsafe extern "C" {
        /// The hook that gets the source file of the panic.
        fn ejwt_panic_at(file: *const u8, len: usize) -> !;
    }

    #[panic_handler]
    fn panic(info: &PanicInfo<'_>) -> ! {
        #[cfg(not(feature = "locations"))]
        {
            let _ = info;
            // SAFETY: the hook takes nothing, and the header says that it does not return.
            unsafe { ejwt_panic() }
        }
        #[cfg(feature = "locations")]
        {
            let file = info.location().map_or("", |location| location.file());
            // SAFETY: pointer and length are of one string.
            unsafe { ejwt_panic_at(file.as_ptr(), file.len()) }
        }
    }
}
