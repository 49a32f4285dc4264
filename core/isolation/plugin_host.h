#pragma once

namespace strata::isolation {

// `strata plugin-host image=FILE [words of sandbox.h]`: the process of one isolated plugin. Locks
// itself in, loads FILE, serves it to the core and ends when the core does. Descriptors that it
// inherits: 3, on which the core calls; 4, on which it calls the core; 5, whose end of file means
// that the core is gone. Never returns: what the plugin left running must not be unwound.
//
// `strata plugin-host exec [words] -- PROGRAM ARGUMENT...` locks itself in and becomes PROGRAM.
[[noreturn]] void RunPluginHost(int argc, char** argv);

}  // namespace strata::isolation
