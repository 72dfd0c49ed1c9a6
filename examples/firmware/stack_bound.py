#!/usr/bin/env python3
"""An upper bound of the stack that an image needs below the measured function: the frames on the deepest path of calls.

The compiler writes the size of each frame into `.stack_sizes` (`-Zemit-stack-sizes`), and the linker keeps relocations
(`--emit-relocs`), which tell where an image has the address of a function. The rest comes from the disassembly. Neither
option changes a byte that is loaded.

Where it cannot be sure, it fails: if a call through a pointer has no entry in `INDIRECT`, if the image has the address
of a function that no entry expects, if functions call each other in a circle without an entry in `RECURSION`, if a call or
jump leaves all functions, and if assembly changes the stack pointer or jumps in a way that is not understood.
Interrupts are not included, and a panic is not followed.

Called with an image, it prints the deepest path.
"""
import argparse, bisect, pathlib, re, subprocess

# The tables below have names as the mangling `v0` keeps them.
FLAGS = ["-Zemit-stack-sizes", "-Clink-arg=--emit-relocs", "-Csymbol-mangling-version=v0"]

# The function whose callees are measured, in `src/measure.rs`, and the images' own functions.
BASE = r"^embedded_jwt_firmware::measure::measure::<"
CLOSURE = r"\w+::__\w+_main::\{closure#\d\}"
IMAGE = rf"^<?{CLOSURE}|^\w+::(may_write|is_accepted|verify)$|^embedded_jwt_firmware::measure::may_write$"

# Calls through a pointer: the functions that make them, the functions that the pointer may lead to, and the pointer. A
# function is one of the latter only if its address is in the image. Inlining moves calls into the images' functions.
INDIRECT = [
    (BASE, rf"^{CLOSURE}$|^<fn\(.+\) -> bool as .+>::call$|measure::tokens::\{{closure#0\}}$", "`run` of `report`"),
    (r"^<fn\(.+\) -> bool as .+>::call$", rf"^<{CLOSURE} as .+>::call_once$", "`verify` of `measure::tokens`"),
    (
        rf"{IMAGE}|Header>::choose_backend$|Token>::choose_keys$|Candidates.*>::(is_candidate|next)$|::self_test$",
        r" as .+::SignatureAlgorithm>::algorithm$",
        "`&dyn SignatureAlgorithm`: the backends of the image",
    ),
    (
        rf"{IMAGE}|KeyChoice>::verify$|Token>::verify_\w+(::<\d+>)?::\{{closure#0\}}$|::self_test::accepts$",
        r" as .+::SignatureAlgorithm>::verify$",
        "the same",
    ),
    (
        rf"{IMAGE}|Token>::verify_(any|cached(::<\d+>)?|with(::\{{closure#0\}})?)$",
        r"Token>::verify_(any|cached(::<\d+>)?)::\{closure#0\}$",
        "`&dyn Fn` of `Token::verify_with`, which tries a key",
    ),
    (rf"{IMAGE}|Verified>::check_access_token$", r"::(check_all|refuse_bound)$", "`Check` of a policy"),
    (r"::optional_checks::check_all$", r"::possession::check_proof$", "`CheckProof` of a policy"),
    (r"::optional_checks::check_all$", r"::stores::add_use$", "`AddUse` of a policy"),
    (r"::optional_checks::check_all$", r" as .+::Revocations>::check$", "`&dyn Revocations`: the image's store"),
    (rf"{IMAGE}|::check_all$|Pending<.+>>::consume$", r"::pending::(run$|Uses>::NOTHING::)", "`run` of `Uses`"),
    (r"::pending::run$", r" as .+::ReplayCheck>::(check_unused|use_all|release|address)$", "`&dyn ReplayCheck`"),
]

# Functions whose address is in an image, but that no measured code calls.
NOT_CALLED = [
    (r" as core::fmt::Debug>::fmt$", "a supertrait's function: no image prints a value"),
    (r"::call_once::\{shim:vtable#0\}$|^core::ptr::drop_in_place", "for owners: the images lend closures and stores"),
    (r" as .+::ReplayCheck>::use_once$", "for callers: the crate calls `use_all`"),
    (r"^(Reset|_start_rust)$", "before `main`"),
]

# Functions that call themselves, and how many of their calls may be active at a time.
RECURSION = {
    r"^<core::str::iter::SplitInternal<.+>>::next_back$": 2,  # once more after a separator at the end
    r"^<.* serde_json_core::de::Deserializer as .+>::deserialize_ignored_any": 16,  # the crate has checked `MAX_DEPTH`
}

# A panic never returns to the measured code, and no token causes one. What follows it belongs to the panic handler.
PANICS = r"^core::(panicking::|str::slice_error_fail)"


class Fault(Exception):
    """The image has something that the tables above do not explain."""


class Instruction:
    def __init__(self, address, name, operands, comment, previous):
        self.address, self.name, self.operands = address, re.sub(r"\.[wn]$", "", name), operands
        self.is_call = name in ("bl", "blx", "jal", "jalr")
        self.is_table_jump = bool(re.match(r"tb[bh] |(mov|add) pc,", self.text()))
        self.target = self.find_target(previous)
        constant = re.match(r"0x([0-9a-f]+)", comment) if "[pc, #" in operands else None
        # Where the linker has written the address that the instruction uses: in a constant, or in the instruction.
        self.relocated = int(constant[1], 16) if constant else address

    def text(self):
        return f"{self.name} {self.operands}"

    def find_target(self, previous):
        """The address that it calls or jumps to. RISC-V has pairs of instructions for that."""
        if target := re.search(r"\b0x([0-9a-f]+)(?: <|$)", self.operands):
            return int(target[1], 16) if re.match(r"b(?!fc|fi|ic|kpt)|cbn?z|j(al)?$", self.name) else None
        low = re.match(r"jal?r (?:\w+, )?(-?\d+)\((\w+)\)$", self.text())
        high = re.match(r"auipc (\w+), (\d+)$", previous.text()) if low and previous else None
        if high and high[1] == low[2]:
            return (previous.address + (int(high[2]) << 12) + int(low[1])) & 0xFFFF_FFFF

    def calls(self, start):
        """Whether it calls the function there. Cortex-M0+ has `bl` also for long jumps within a function."""
        return self.is_call and self.target == start

    def pointer(self):
        """The register that has the address of the called function, if it is not a return."""
        found = re.fullmatch(r"(?:blx|bx|jalr|jr) (?:\w+, )?(?:-?\d+\()?([a-z]+\d*)\)?", self.text())
        return found[1] if found and self.target is None and (self.is_call or found[1] not in ("lr", "ra")) else None

    def ends(self):
        """Whether control never reaches the next instruction."""
        is_jump = self.name in ("b", "bx", "udf", "j", "jr", "ret", "unimp")
        return is_jump or self.is_table_jump or self.loads("pc")

    def loads(self, register):
        return self.name.startswith(("pop", "ldm")) and register in re.findall(r"\w+", self.operands)

    def writes(self, register):
        """Whether it may write the register. A called function restores some of them."""
        if self.is_call:
            return not re.fullmatch(r"r([4-9]|10|11)|s\d+", register)
        if self.target is not None or re.match(r"(str|stm|push|cmp|cmn|tst|teq|it)|(s[bhw]|bx|jr) ", self.text()):
            return False
        if self.name.startswith(("pop", "ldm")):
            return self.loads(register)
        written = 2 if re.match(r"ldrd|[us]ml?[au]a?ll?|umaal", self.name) else 1
        return register in re.findall(r"\w+", self.operands)[:written]

    def may_be_skipped(self):
        return bool(re.search(r"(eq|ne|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)$", self.name))

    def lowers_stack_by(self):
        if re.match(r"v?push|v?stm(db|fd) sp!", self.text()):
            registers = re.findall(r"\w+", re.search(r"\{(.*)\}", self.operands)[1])
            return sum(8 if register.startswith("d") else 4 for register in registers)
        lowered = re.match(r"subw? sp, (?:sp, )?#(\d+)|str.*\[sp, #-(\d+)\]!|addi sp, sp, -(\d+)", self.text())
        return int(next(filter(None, lowered.groups()))) if lowered else 0


    def is_unclear_in_assembly(self):
        """Whether it is a jump to a register, or changes the stack pointer without raising it by a constant."""
        if re.match(r"(mov|add) pc,", self.text()):
            return self.text() != "mov pc, lr"
        raises = r"v?pop|v?ldm(ia|fd)? sp!|addw? sp, (?:sp, )?#\d+|ldr\w* .*\[sp\], #\d+|addi sp, sp, \d+"
        is_understood = self.lowers_stack_by() or re.match(raises, self.text())
        changes = re.match(r"(?!v?(ld|st)m)\w+ sp\b|.*\[sp, [^\]]+\]!|.*\bsp!", self.text())
        is_compare = self.name in ("cmp", "cmn", "tst", "str", "strd", "strh", "strb")
        return bool(changes) and not is_understood and not is_compare


class Function:
    def __init__(self, name, start, size):
        self.name, self.start, self.end = name, start, start + size
        self.code, self.frame, self.is_assembly = [], 0, True
        # LLVM moves code that several functions share into such pieces, which use the registers and the frame of each.
        self.is_piece = name.startswith("OUTLINED_FUNCTION_")

    def sources(self):
        """For each address, the instructions from which control may come, within the function."""
        sources = {instruction.address: [] for instruction in self.code}
        table_jumps = [i for i in self.code if i.is_table_jump or i.name == "jr"]
        for previous, instruction in zip(self.code, self.code[1:]):
            sources[instruction.address] += table_jumps if previous.ends() else [previous]
        for instruction in self.code:
            if instruction.target in sources and not instruction.calls(self.start):
                sources[instruction.target].append(instruction)
        return sources


class Image:
    def __init__(self, path):
        self.path = path
        self.functions = dict(self.read_symbols())
        self.starts = sorted(self.functions)
        self.read_code()
        self.read_frames()
        self.relocations = dict(self.read_relocations())
        self.sources, self.uses_of_pieces, self.depths = {}, {}, {}
        for function in self.functions.values():
            self.sources |= function.sources()
            for instruction in function.code:
                if piece := self.leads_to_piece(instruction):
                    self.uses_of_pieces.setdefault(piece, []).append(instruction)
        self.pointer_writers = dict(self.find_pointer_writers())
        self.pointers = set(self.find_pointers())

    def function_at(self, address):
        index = bisect.bisect(self.starts, address) - 1
        function = self.functions[self.starts[index]] if index >= 0 else None
        return function if function and (address < function.end or address == function.start) else None

    def read_symbols(self):
        for line in output("readelf", "-sWC", self.path).splitlines():
            if row := re.match(r"\s*\d+: (\w+)\s+(\w+) FUNC\s+\w+\s+\w+\s+\d+ (.*)", line):
                start = int(row[1], 16) & ~1  # Thumb sets bit 0
                yield start, Function(row[3], start, int(row[2], 0))

    def read_code(self):
        previous = None
        for line in output("llvm-objdump", "-d", "--no-show-raw-insn", self.path).splitlines():
            row = re.match(r"\s*([0-9a-f]+):\s+([a-z][\w.]*)(?:\s+([^@]*[^@\s]))?\s*(?:@ (.*))?$", line)
            function = self.function_at(int(row[1], 16)) if row else None
            if function and not re.search(r"\s\.(word|short|byte)\s", line):
                previous = Instruction(int(row[1], 16), row[2], row[3] or "", row[4] or "", previous)
                function.code.append(previous)

    def read_frames(self):
        """Reads the compiler's figures: pairs of an address and a size in ULEB128. Assembly has none."""
        sections = output("readelf", "-SW", self.path)
        section = re.search(r"\.stack_sizes +\w+ +\w+ (\w+) (\w+)", sections)
        if not section:
            raise Fault("it was built without `-Zemit-stack-sizes`")
        offset, length = (int(n, 16) for n in section.groups())
        content = iter(pathlib.Path(self.path).read_bytes()[offset : offset + length])
        for first in content:
            address = int.from_bytes([first, *(next(content) for _ in range(3))], "little") & ~1
            size = shift = 0
            for byte in content:
                size |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            self.functions[address].frame, self.functions[address].is_assembly = size, False
        for function in self.functions.values():
            for instruction in function.code if function.is_assembly and not function.is_piece else []:
                if instruction.is_unclear_in_assembly():
                    raise Fault(f"{function.name} has an instruction that is not understood: {instruction.text()}")
            # Of assembly, everything that it ever pushes. On RISC-V, a piece may allocate the frame of its function.
            allocates = [i.lowers_stack_by() for i in function.code if i.name != "addi" or not function.is_piece]
            function.frame = max(function.frame, sum(allocates))

    def read_relocations(self):
        """Reads where the linker has written an address, which one, and whether it is for a call."""
        section = None
        for line in output("readelf", "-rW", self.path).splitlines():
            if title := re.match(r"Relocation section '\.rela?(\S+)'", line):
                section = title[1]
            # No symbols of sections, except RISC-V's tables of addresses in a function.
            row = re.match(r"([0-9a-f]{8}) +\w+ R_(\w+) +([0-9a-f]{8}) +(?!\.(?!L))\S+(?: \+ ([0-9a-f]+))?", line)
            if row and section not in (".stack_sizes", ".vector_table"):
                is_call = bool(re.search("CALL|JUMP|JAL|BRANCH|RVC", row[2]))
                yield int(row[1], 16), ((int(row[3], 16) & ~1) + int(row[4] or "0", 16), is_call)

    def pointed_to(self, instruction):
        """The function whose address the instruction loads, as a constant."""
        return self.functions.get(self.relocations.get(instruction.relocated, (None,))[0])

    def leads_to(self, instruction):
        """The function that the instruction calls or jumps to, except within its own."""
        target = self.function_at(instruction.target) if instruction.target is not None else None
        if instruction.target is not None and not target:
            raise Fault(f"{self.function_at(instruction.address).name} leads outside of all functions: {instruction.text()}")
        is_own = target is self.function_at(instruction.address)
        return None if is_own and not instruction.calls(target.start) else target

    def leads_to_piece(self, instruction):
        target = self.leads_to(instruction)
        return target if target and target.is_piece else None

    def writers(self, register, at):
        """The instructions that may have written what the register has before instruction `at`; None for a caller's."""
        found, seen, steps = set(), set(), [(register, at, False)]
        while steps:
            step = steps.pop()
            if step in seen:
                continue
            seen.add(step)
            register, at, has_run = step
            piece = self.leads_to_piece(at) if has_run and at.is_call else None
            if piece:
                steps += [(register, i, True) for i in piece.code if i.writes(register) or self.leads_to_piece(i)]
            elif has_run and at.writes(register):
                moved = re.fullmatch(r"(?:mov|mv) \w+, ([a-z]+\d*)", at.text())
                steps += [(moved[1], at, False)] if moved else []
                found |= set() if moved else {at}
                if not at.may_be_skipped():
                    continue
            function = self.function_at(at.address)
            if at is function.code[0]:
                steps += [(register, use, False) for use in self.uses_of_pieces.get(function, [])]
                found |= set() if function.is_piece else {None}
            steps += [(register, source, True) for source in self.sources[at.address]]
        return found

    def find_pointer_writers(self):
        for function in self.functions.values():
            for instruction in function.code:
                register = instruction.pointer()
                # On RISC-V, a piece returns to the address in t0.
                if register and not (function.is_piece and register == "t0"):
                    yield instruction, self.writers(register, instruction)

    def find_pointers(self):
        """The functions whose address is in the image, except for calls."""
        called = {writer.relocated for writers in self.pointer_writers.values() for writer in writers if writer}
        for address, (target, is_call) in self.relocations.items():
            if target in self.functions and address not in called and not is_call:
                yield self.functions[target]

    def calls_of(self, function):
        """The functions that this one calls, each with whether its own frame is still there."""
        for instruction in function.code:
            if re.match("ldr pc,", instruction.text()):
                raise Fault(f"{function.name} has a call that is not understood: {instruction.text()}")
            if target := self.leads_to(instruction):
                targets = {target}
            else:
                targets = self.targets(function, instruction) if instruction in self.pointer_writers else set()
            for target in targets:
                # A function ends with a jump after it has freed its frame, but not in assembly, nor before a piece.
                yield target, instruction.is_call or target.is_piece or function.is_assembly

    def targets(self, function, instruction):
        """The functions that a pointer may lead to."""
        writers = self.pointer_writers[instruction]
        known = {self.pointed_to(writer) if writer else None for writer in writers}
        if writers and None not in known:
            return known
        if self.is_switch(function, instruction, writers):
            return set()
        return known.union(*(self.expected_targets(owner, instruction) for owner in self.owners(function))) - {None}

    def is_switch(self, function, instruction, writers):
        """Whether the instruction jumps within its function, by a table. Thumb has other instructions for that."""
        is_load = all(writer and self.is_load_from_table(writer) for writer in writers)
        has_table = any(function.start < target < function.end for target, _ in self.relocations.values())
        return instruction.name == "jr" and is_load and has_table

    def is_load_from_table(self, instruction):
        """Whether it loads from a computed address, as a table's index needs and a table of functions (`dyn`) does not."""
        base = re.match(r"lw \w+, 0\((\w+)\)", instruction.text())
        computed = self.writers(base[1], instruction) if base else set()
        return bool(computed) and all(writer and writer.name == "add" for writer in computed)

    def owners(self, function):
        """The functions that a piece belongs to; for others, the function itself."""
        users = {self.function_at(use.address) for use in self.uses_of_pieces.get(function, [])}
        return set().union(*map(self.owners, users)) if function.is_piece else {function}

    def expected_targets(self, function, instruction):
        expected = [targets for callers, targets, _ in INDIRECT if re.search(callers, function.name)]
        if not expected:
            raise Fault(f"{function.name} calls through a pointer: no entry for {instruction.text()}")
        return {pointer for pointer in self.pointers if any(re.search(targets, pointer.name) for targets in expected)}

    def check_pointers(self):
        expected = [targets for _, targets, _ in INDIRECT] + [names for names, _ in NOT_CALLED]
        for pointer in self.pointers:
            if not any(re.search(names, pointer.name) for names in expected):
                raise Fault(f"no entry expects the address of {pointer.name}")

    def depth(self, function, callers=()):
        """The most stack that a call of the function needs, and the deepest path."""
        if function in callers:
            circle = [*callers[callers.index(function) :], function]
            raise Fault(f"no limit for the recursion {' -> '.join(caller.name for caller in circle)}")
        if function not in self.depths:
            limit = next((limit for names, limit in RECURSION.items() if re.search(names, function.name)), 1)
            paths = [(function.frame, [function])]
            for target, keeps_frame in [] if re.search(PANICS, function.name) else self.calls_of(function):
                if target is not function or limit == 1:
                    depth, path = self.depth(target, (*callers, function))
                    paths.append((depth + function.frame * keeps_frame, [function, *path]))
            depth, path = max(paths, key=lambda path: path[0])
            self.depths[function] = depth * limit, path
        return self.depths[function]


def stack_bound(path):
    """The bound of what an image measures, in bytes, and the functions on the deepest path."""
    image = Image(path)
    image.check_pointers()
    bases = [function for function in image.functions.values() if re.search(BASE, function.name)]
    return max((image.depth(target) for base in bases for target, _ in image.calls_of(base)), key=lambda path: path[0])


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", metavar="IMAGE", help="built with the flags of `measure`")
    bound, path = stack_bound(parser.parse_args().image)
    for function in path:
        print(f"{function.frame:7,}  {function.name}")
    print(f"{bound:7,}  bytes at most")
