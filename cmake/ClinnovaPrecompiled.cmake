# SPDX-License-Identifier: Apache-2.0
# The standard headers that nearly every source includes, parsed once for all of them: a good quarter
# of the time of a build. Sources still include what they use, which the preset dev holds them to.
option(CLINNOVA_PRECOMPILE "Parse the standard headers once for all sources" ON)
set(CLINNOVA_STANDARD_HEADERS
    <algorithm> <array> <bit> <chrono> <cmath> <cstdint> <cstring> <filesystem> <fstream> <functional> <map>
    <memory> <mutex> <optional> <set> <span> <string> <string_view> <thread> <unordered_map> <utility>
    <variant> <vector> <tl/expected.hpp>)

# clinnova_precompile_also(TARGET HEADER...): for a target all of whose sources include a large header more.
function(clinnova_precompile_also target)
  if(CLINNOVA_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${CLINNOVA_STANDARD_HEADERS} ${ARGN})
  endif()
endfunction()

# clinnova_precompile(DIRECTORY): every target in it and below that has no precompiled headers of its own. Two kinds,
# since tests are compiled without optimisation and with Google Test. Generated code is left alone.
function(clinnova_precompile directory)
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    get_target_property(own ${target} PRECOMPILE_HEADERS)
    if(own OR target MATCHES "^clinnova_(wire|onnx)$")
      continue()
    elseif(target MATCHES "_test$")
      target_precompile_headers(${target} REUSE_FROM clinnova_precompiled_tests)
    elseif(type MATCHES "EXECUTABLE|STATIC_LIBRARY" AND NOT directory MATCHES "/tests")
      target_precompile_headers(${target} REUSE_FROM clinnova_precompiled)
    endif()
  endforeach()
  get_property(below DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(subdirectory IN LISTS below)
    clinnova_precompile(${subdirectory})
  endforeach()
endfunction()

# To be called once, after all targets are there.
function(clinnova_precompile_all)
  if(NOT CLINNOVA_PRECOMPILE)
    return()
  endif()
  # GCC 12 warns of libstdc++'s own strings (its bug 105651), and forgets of precompiled headers that they
  # are the system's.
  target_compile_options(
    clinnova_flags
    INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread>)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cc CONTENT "// Only for the headers.\n")
  add_library(clinnova_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(clinnova_precompiled PRIVATE clinnova_flags tl::expected)
  target_precompile_headers(clinnova_precompiled PRIVATE ${CLINNOVA_STANDARD_HEADERS})
  if(CLINNOVA_TESTS)
    add_library(clinnova_precompiled_tests OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
    target_link_libraries(clinnova_precompiled_tests PRIVATE clinnova_flags tl::expected GTest::gtest_main)
    target_compile_options(clinnova_precompiled_tests PRIVATE -O0)
    target_precompile_headers(clinnova_precompiled_tests PRIVATE ${CLINNOVA_STANDARD_HEADERS} <gtest/gtest.h>)
  endif()
  clinnova_precompile(${CMAKE_SOURCE_DIR})
endfunction()
