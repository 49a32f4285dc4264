set(STRATA_NHSUK_DIR ${CMAKE_CURRENT_LIST_DIR}/../nhsuk)

# strata_nhsuk_style(NAME.css OWN own.css)
# Makes ${CMAKE_CURRENT_BINARY_DIR}/NAME.css: nhsuk-frontend's style sheet without what is the NHS's
# alone (fonts, images), then what the pages of all services share (pages.css), then own.css. For the FILES of strata_add_plugin().
function(strata_nhsuk_style name)
  cmake_parse_arguments(ARG "" "OWN" "" ${ARGN})
  if(NOT TARGET strata_nhsuk)
    message(FATAL_ERROR "strata_nhsuk_style(${name}): node and npm are needed (Debian: npm)")
  endif()
  get_target_property(npm strata_nhsuk STRATA_NPM_DIR)
  cmake_path(ABSOLUTE_PATH ARG_OWN BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  add_custom_command(
    OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}
    COMMAND ${STRATA_NODE} ${STRATA_NHSUK_DIR}/build_style.mjs ${npm}/node_modules ${ARG_OWN}
            ${CMAKE_CURRENT_BINARY_DIR}/${name}
    DEPENDS strata_nhsuk ${npm}/installed ${STRATA_NHSUK_DIR}/build_style.mjs
            ${STRATA_NHSUK_DIR}/pages.css ${ARG_OWN}
    COMMENT "Building ${name}" VERBATIM)
endfunction()
