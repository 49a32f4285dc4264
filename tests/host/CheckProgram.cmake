# cmake -DNM=nm -DPROGRAM=strata -P CheckProgram.cmake: what the program puts into the global scope,
# every plugin that it loads would get. So it has no protobuf among its libraries, and offers no
# symbol of its own (data of the C and C++ libraries that it shares with them is no harm).
execute_process(COMMAND ldd ${PROGRAM} OUTPUT_VARIABLE libraries COMMAND_ERROR_IS_FATAL ANY)
if(libraries MATCHES "[^\n]*libprotobuf[^\n]*")
  message(FATAL_ERROR "${PROGRAM} shares its protobuf with the plugins: ${CMAKE_MATCH_0}")
endif()
execute_process(COMMAND ${NM} -D -C --defined-only ${PROGRAM}
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
if(symbols MATCHES "[^\n]*(strata|google|YAML|Poco|grpc)[^\n]*")
  message(FATAL_ERROR "${PROGRAM} exports ${CMAKE_MATCH_0}")
endif()
