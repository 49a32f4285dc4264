# Contracts and plugins: strata_proto_library() and strata_add_plugin().
find_package(Protobuf REQUIRED)
set(STRATA_PLUGIN_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# strata_proto_library(NAME PROTOS a.proto b/c.proto
#                      [ROOT folder] [VERSION 1.0.0] [LIBS other_proto_libraries])
# A static library of the messages (lite runtime), service classes and clients of PROTOS. Paths are
# relative to ROOT (default: this folder), which is also the import root and the root of the
# #include of the generated "a.pb.h" and "a.strata.h". A descriptor set with comments is written to
# the file named by the target's property STRATA_DESCRIPTOR_SET.
function(strata_proto_library name)
  cmake_parse_arguments(ARG "" "ROOT;VERSION" "PROTOS;LIBS" ${ARGN})
  if(NOT ARG_ROOT)
    set(ARG_ROOT ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  if(NOT ARG_VERSION)
    set(ARG_VERSION 0.0.0)
  endif()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name}.gen)
  file(MAKE_DIRECTORY ${out})
  set(imports -I ${ARG_ROOT})
  foreach(lib ${ARG_LIBS})
    get_target_property(root ${lib} STRATA_PROTO_ROOT)
    if(root)
      list(APPEND imports -I ${root})
    endif()
  endforeach()

  set(sources)
  set(protos)
  foreach(proto ${ARG_PROTOS})
    string(REGEX REPLACE "\\.proto$" "" base ${proto})
    list(APPEND protos ${ARG_ROOT}/${proto})
    list(APPEND sources ${out}/${base}.pb.cc ${out}/${base}.strata.cc)
    list(APPEND headers ${out}/${base}.pb.h ${out}/${base}.strata.h)
  endforeach()
  set(descriptors ${out}/${name}.protoset)
  add_custom_command(
    OUTPUT ${sources} ${headers} ${descriptors}
    COMMAND protobuf::protoc ${imports} --cpp_out=lite:${out}
            --plugin=protoc-gen-strata=$<TARGET_FILE:protoc-gen-strata>
            --strata_out=contracts_version=${ARG_VERSION}:${out}
            --descriptor_set_out=${descriptors} --include_imports --include_source_info
            ${ARG_PROTOS}
    DEPENDS ${protos} protoc-gen-strata
    COMMENT "Generating C++ of ${name}" VERBATIM)

  add_library(${name} STATIC ${sources})
  # Generated code is held to the generator's standard, not to ours.
  target_compile_options(${name} PRIVATE -w)
  target_include_directories(${name} SYSTEM PUBLIC ${out})
  target_link_libraries(${name} PUBLIC strata_sdk ${ARG_LIBS})
  set_target_properties(${name} PROPERTIES
    STRATA_PROTO_ROOT ${ARG_ROOT} STRATA_DESCRIPTOR_SET ${descriptors})
endfunction()

# Link flags of PLUGINS.md 1.3: one exported symbol, nothing undefined, everything bound at load.
function(_strata_plugin_link_options target)
  set(map ${STRATA_PLUGIN_CMAKE_DIR}/plugin.map)
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${map} -Wl,-z,now,-z,relro -Wl,--exclude-libs,ALL -Wl,--gc-sections)
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${map})
  if(NOT STRATA_SANITIZE)  # the sanitizers' runtime is in the executable
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
endfunction()

# strata_add_plugin(NAME SOURCES plugin.cc service.cc MANIFEST manifest.json
#                   [LIBS strata_contracts ...] [FILES page.css static/ ...] [DIRECTORY folder])
# Targets: NAME_impl, a static library for tests (its entry is strata_plugin_NAME, so several can be
# linked), and NAME, the package folder <build>/lib/plugins/NAME (property STRATA_PACKAGE_DIR;
# DIRECTORY replaces <build>/lib/plugins):
# plugin.so, FILES (files and folders by their own name) and manifest.json, to which the SHA-256 of
# every other file is added as "files". The build fails if the .so exports anything but its entry.
function(strata_add_plugin name)
  cmake_parse_arguments(ARG "" "MANIFEST;DIRECTORY" "SOURCES;LIBS;FILES" ${ARGN})
  if(NOT ARG_MANIFEST OR NOT ARG_SOURCES)
    message(FATAL_ERROR "strata_add_plugin(${name}): SOURCES and MANIFEST are required")
  endif()
  if(NOT ARG_DIRECTORY)
    set(ARG_DIRECTORY ${CMAKE_BINARY_DIR}/lib/plugins)
  endif()
  set(package ${ARG_DIRECTORY}/${name})

  add_library(${name}_impl STATIC ${ARG_SOURCES})
  target_compile_definitions(${name}_impl PRIVATE STRATA_PLUGIN_ENTRY=strata_plugin_${name})
  target_link_libraries(${name}_impl PUBLIC strata_sdk ${ARG_LIBS} PRIVATE strata_options)
  target_include_directories(${name}_impl PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${STRATA_ROOT})

  set(entry ${CMAKE_CURRENT_BINARY_DIR}/${name}_entry.cc)
  file(CONFIGURE OUTPUT ${entry} @ONLY CONTENT [[
#include <strata/plugin_abi.h>
extern "C" const strata_plugin* strata_plugin_@name@(uint32_t host_abi_minor);
extern "C" const strata_plugin* strata_plugin_v1(uint32_t host_abi_minor) {
  return strata_plugin_@name@(host_abi_minor);
}
]])
  add_library(${name}_module MODULE ${entry})
  target_link_libraries(${name}_module PRIVATE ${name}_impl)
  _strata_plugin_link_options(${name}_module)
  set_target_properties(${name}_module PROPERTIES
    PREFIX "" OUTPUT_NAME plugin SUFFIX .so LIBRARY_OUTPUT_DIRECTORY ${package}
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON SKIP_BUILD_RPATH ON)
  add_custom_command(TARGET ${name}_module POST_BUILD
    COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DPLUGIN=$<TARGET_FILE:${name}_module>
            -P ${STRATA_PLUGIN_CMAKE_DIR}/CheckPluginExports.cmake
    VERBATIM)

  _strata_plugin_package(${name} ${package} ${ARG_MANIFEST} "${ARG_FILES}")
endfunction()

# The target NAME: manifest.json and FILES beside plugin.so, renewed when any of them changes.
function(_strata_plugin_package name package manifest files)
  cmake_path(ABSOLUTE_PATH manifest BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set(inputs)
  set(depends)
  foreach(file ${files})
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    string(REGEX REPLACE "/$" "" file ${file})
    list(APPEND inputs ${file})
    if(IS_DIRECTORY ${file})
      file(GLOB_RECURSE inside CONFIGURE_DEPENDS ${file}/*)
      list(APPEND depends ${inside})
    else()
      list(APPEND depends ${file})
    endif()
  endforeach()
  add_custom_command(
    OUTPUT ${package}/manifest.json
    COMMAND ${CMAKE_COMMAND} -DMANIFEST=${manifest} -DPACKAGE=${package} "-DFILES=${inputs}"
            -P ${STRATA_PLUGIN_CMAKE_DIR}/PackagePlugin.cmake
    DEPENDS ${name}_module ${manifest} ${depends} ${STRATA_PLUGIN_CMAKE_DIR}/PackagePlugin.cmake
    COMMENT "Packaging plugin ${name}" VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${package}/manifest.json)
  set_target_properties(${name} PROPERTIES STRATA_PACKAGE_DIR ${package})
  if(TARGET strata_packages AND CMAKE_CURRENT_SOURCE_DIR MATCHES "^${CMAKE_SOURCE_DIR}/plugins/")
    add_dependencies(strata_packages ${name})
  endif()
endfunction()
