/* QEMU's board mps2-an386: start-up, UART, SysTick and semihosting. */
#include "board.h"

#include <string.h>

extern uint8_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_top[];
int main(void);

_Noreturn void reset(void) {
  memcpy(data_start, data_load, (size_t)(data_end - data_start));
  memset(bss_start, 0, (size_t)(bss_end - bss_start));
  board_exit(main());
}

static void fault(void) { board_exit(1); }

__attribute__((section(".vectors"), used)) static const void *const VECTORS[16] = {
  stack_top, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault,
};

/* CMSDK APB UART 0 (Arm DDI 0479, section 4.3), and SysTick. */
#define UART ((volatile uint32_t *)0x40004000)
#define SYSTICK ((volatile uint32_t *)0xe000e010)

void board_start(void) {
  UART[4] = 16; /* baud rate */
  UART[2] = 1;  /* transmits */
  SYSTICK[1] = 0x00ffffff;
  SYSTICK[2] = 0;
  SYSTICK[0] = 5; /* the core's clock */
}

void board_write(const char *text, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    while (UART[1] & 1) {
    }
    UART[0] = (uint8_t)text[i];
  }
}

/* Under `-icount shift=0` an instruction takes a nanosecond, and SysTick counts the 25 MHz of the core. */
uint32_t board_instructions(void) { return (0x00ffffff - SYSTICK[2]) * 40; }

_Noreturn void board_exit(int failed) {
  register uint32_t operation __asm("r0") = 0x18; /* SYS_EXIT */
  register uint32_t reason __asm("r1") = failed ? 0x20023 : 0x20026;
  for (;;) __asm volatile("bkpt 0xab" : : "r"(operation), "r"(reason) : "memory");
}
