/* What the firmware needs of a board: a serial port, a counter of instructions, and an end. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void board_start(void);
void board_write(const char *text, uint32_t len);
/* Instructions since the start, in steps of 40. */
uint32_t board_instructions(void);
_Noreturn void board_exit(int failed);

#endif
