# runtime/*.h as strings: codegen copies the kernels a network uses into its file.
file(GLOB runtime_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/runtime/*.h)
set(EMBEDDED_RUNTIME ${CMAKE_BINARY_DIR}/embedded_runtime.c)
add_custom_command(
  OUTPUT ${EMBEDDED_RUNTIME}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${EMBEDDED_RUNTIME} "-DFILES=${runtime_files}" -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${runtime_files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
