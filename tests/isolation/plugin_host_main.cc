// `strata plugin-host` alone, so that tests need not build the whole program.
#include "core/isolation/plugin_host.h"

int main(int argc, char** argv) { strata::isolation::RunPluginHost(argc, argv); }
