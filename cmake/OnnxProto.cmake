# The ONNX schema, taken from the installed ONNX Python package and compiled by protobuf-c.
find_program(PROTOC_C protoc-c REQUIRED)
find_path(PROTOBUF_C_INCLUDE protobuf-c/protobuf-c.h REQUIRED)
find_library(PROTOBUF_C_LIBRARY protobuf-c REQUIRED)

set(ONNX_PROTO "" CACHE FILEPATH "onnx.proto; empty: found in the ONNX Python package")
if(NOT ONNX_PROTO)
  file(GLOB venv_protos ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/onnx/onnx.proto)
  foreach(candidate ${venv_protos})
    set(ONNX_PROTO ${candidate})
  endforeach()
endif()
if(NOT ONNX_PROTO)
  execute_process(COMMAND python3 -c "import onnx, os; print(os.path.join(os.path.dirname(onnx.__file__), 'onnx.proto'), end='')"
    OUTPUT_VARIABLE ONNX_PROTO ERROR_QUIET)
endif()
if(NOT EXISTS "${ONNX_PROTO}")
  message(FATAL_ERROR "onnx.proto not found: run scripts/setup, or install the Python package 'onnx', or set -DONNX_PROTO=FILE")
endif()

get_filename_component(onnx_proto_dir "${ONNX_PROTO}" DIRECTORY)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/onnx.pb-c.c ${CMAKE_BINARY_DIR}/onnx.pb-c.h
  COMMAND ${PROTOC_C} --c_out=${CMAKE_BINARY_DIR} -I${onnx_proto_dir} ${ONNX_PROTO}
  DEPENDS ${ONNX_PROTO} VERBATIM)
add_library(onnx_proto STATIC ${CMAKE_BINARY_DIR}/onnx.pb-c.c)
target_include_directories(onnx_proto PUBLIC ${CMAKE_BINARY_DIR} ${PROTOBUF_C_INCLUDE})
target_link_libraries(onnx_proto PUBLIC ${PROTOBUF_C_LIBRARY})
