//! A time that is not authenticated does no lasting harm.

use embedded_jwt::{DEFAULT_LEEWAY, DEFAULT_TIME_STEP, UnixTime};

use embedded_jwt_firmware::flash::Flash;
use embedded_jwt_firmware::memory::{Memory, Stores};
use embedded_jwt_firmware::trust::BUILT_AT;

#[test]
fn it_neither_sets_a_running_clock_back_nor_raises_the_floor_by_more_than_a_step() {
    let (mut flash, stores) = (Flash::erased(), Stores::new());
    let mut memory = Memory::restore(&mut flash, &stores);
    let at = |seconds: i64| UnixTime::from_secs(BUILT_AT.as_secs() + seconds);
    let [leeway, step] = [DEFAULT_LEEWAY, DEFAULT_TIME_STEP].map(|time| time.as_secs() as i64);
    let year = 365 * step;

    assert_eq!(memory.set_unauthenticated_clock(at(-leeway - 1)), None);
    assert_eq!(memory.set_unauthenticated_clock(at(-leeway)), Some(at(0)));
    assert_eq!(memory.set_unauthenticated_clock(at(year)), Some(at(year)));
    assert_eq!(memory.floor().as_secs(), at(step).as_secs());
    assert_eq!(memory.set_unauthenticated_clock(at(year - leeway - 1)), None);
    assert_eq!(memory.set_unauthenticated_clock(at(year - leeway)), Some(at(year - leeway)));
    assert_eq!(memory.floor().as_secs(), at(2 * step).as_secs());
}
