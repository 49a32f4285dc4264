# cmake -DNM=nm -DPLUGIN=plugin.so -P CheckPluginExports.cmake
# Fails unless the plugin exports exactly strata_plugin_v1.
execute_process(COMMAND ${NM} -D --defined-only --format=posix ${PLUGIN}
  OUTPUT_VARIABLE symbols RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE)
if(failed)
  message(FATAL_ERROR "${PLUGIN}: nm failed")
endif()
string(REGEX REPLACE " [^\n]*" "" names "${symbols}")
if(NOT names STREQUAL "strata_plugin_v1")
  message(FATAL_ERROR "${PLUGIN} must export exactly strata_plugin_v1, but exports:\n${names}")
endif()
