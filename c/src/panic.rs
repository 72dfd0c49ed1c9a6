//! The panic handler of bare-metal targets. Hosts have that of the standard library.

#[cfg(target_os = "none")]
mod bare_metal {
    use core::panic::PanicInfo;

    #[cfg(not(feature = "locations"))]
    unsafe extern "C" {
        /// The hook that the firmware supplies: it resets the device.
        safe fn ejwt_panic() -> !;
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
            ejwt_panic()
        }
        #[cfg(feature = "locations")]
        {
            let file = info.location().map_or("", |location| location.file());
            // SAFETY: pointer and length are of one string.
            unsafe { ejwt_panic_at(file.as_ptr(), file.len()) }
        }
    }
}
