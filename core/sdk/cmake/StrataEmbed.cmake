enable_language(ASM)

# strata_embed(TARGET SYMBOL FILE): puts the bytes of FILE into TARGET's read-only data. C++ sees
#   extern "C" const char SYMBOL[];  extern "C" const char SYMBOL_end[];
function(strata_embed target symbol file)
  get_filename_component(path ${file} ABSOLUTE)
  set(assembly ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S)
  file(CONFIGURE OUTPUT ${assembly} @ONLY CONTENT [[
    .section .rodata
    .global @symbol@
    .global @symbol@_end
    .hidden @symbol@
    .hidden @symbol@_end
@symbol@:
    .incbin "@path@"
@symbol@_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
]])
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS ${path})
  target_sources(${target} PRIVATE ${assembly})
endfunction()
