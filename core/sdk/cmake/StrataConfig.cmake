# find_package(Strata) from a checkout: the SDK, the contracts and FakeHost, built with the
# project's own flags. -DStrata_DIR=<strata>/core/sdk/cmake
include(${CMAKE_CURRENT_LIST_DIR}/StrataOptions.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/StrataPlugin.cmake)

foreach(folder core/base core/abi core/sdk proto tests/support)
  add_subdirectory(${STRATA_ROOT}/${folder} ${CMAKE_BINARY_DIR}/strata/${folder} EXCLUDE_FROM_ALL)
endforeach()
