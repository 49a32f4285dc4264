# Compiler settings shared by every target: link strata_options and get them all.
# Strata itself, which need not be the project that is being configured (StrataConfig.cmake).
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH STRATA_ROOT)
cmake_path(GET STRATA_ROOT PARENT_PATH STRATA_ROOT)
cmake_path(GET STRATA_ROOT PARENT_PATH STRATA_ROOT)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# What the release build uses: -O2 keeps the stack small, asserts stay out of the hot path.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

find_program(STRATA_CCACHE ccache)
if(STRATA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${STRATA_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${STRATA_CCACHE})
endif()
find_program(STRATA_MOLD mold)
if(STRATA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
# Paths of the build machine stay out of the binaries (and compiler caches are shared).
add_compile_options(-ffile-prefix-map=${STRATA_ROOT}/=)
# Two versions of a plugin in one process never share a static (PLUGINS.md 1.4).
add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)

add_library(strata_options INTERFACE)
target_compile_options(strata_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:Clang>>:-Wthread-safety>
  $<$<BOOL:${STRATA_WERROR}>:-Werror>)
target_include_directories(strata_options INTERFACE ${STRATA_ROOT})
if(STRATA_SANITIZE)
  add_compile_options(-fsanitize=${STRATA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # They take a third of the time to compile; null pointers end the program anyhow.
  add_compile_options(-fno-sanitize=null,alignment,vptr,object-size)
  add_link_options(-fsanitize=${STRATA_SANITIZE})
endif()

# strata_add_library(NAME SOURCES a.cc b.cc LIBS x y): a static library of one folder.
function(strata_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_LIBS} PRIVATE strata_options ${ARG_PRIVATE_LIBS})
  target_include_directories(${name} PUBLIC ${STRATA_ROOT})
endfunction()

# strata_add_test(NAME SOURCES a_test.cc LIBS x LABELS unit): one GoogleTest program, one ctest
# entry (quick to list; `build/<preset>/bin/NAME --gtest_filter=...` runs a part).
function(strata_add_test name)
  if(DEFINED STRATA_TESTS AND NOT STRATA_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE strata_options ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
