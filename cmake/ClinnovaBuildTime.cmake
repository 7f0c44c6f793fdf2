# SPDX-License-Identifier: Apache-2.0
# Two ways of parsing headers less often, which make a build a good deal quicker and change nothing of what is built.
# Sources still include what they use: the preset dev, without both, holds them to it.
#
# CLINNOVA_PRECOMPILE: the standard headers that nearly every source includes are parsed once for all.
# CLINNOVA_UNITY: eight sources of a target are compiled as one. Those in compiled_alone.txt are not, since names of
#   their own are those of others; of a new source either rename what collides or add it there.
option(CLINNOVA_PRECOMPILE "Parse the standard headers once for all sources" ON)
option(CLINNOVA_UNITY "Compile several sources at once" ON)
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

# Two kinds of headers, since tests are compiled without optimisation and with Google Test.
function(clinnova_precompile target kind)
  get_target_property(own ${target} PRECOMPILE_HEADERS)
  if(CLINNOVA_PRECOMPILE AND NOT own)
    target_precompile_headers(${target} REUSE_FROM ${kind})
  endif()
endfunction()

# Generated tables are large enough to stand alone, too.
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/compiled_alone.txt CLINNOVA_COMPILED_ALONE)
function(clinnova_unite target)
  if(NOT CLINNOVA_UNITY)
    return()
  endif()
  get_target_property(directory ${target} SOURCE_DIR)
  get_target_property(sources ${target} SOURCES)
  list(LENGTH sources count)
  if(count EQUAL 1)
    return()
  endif()
  foreach(source IN LISTS sources)
    get_filename_component(source ${source} ABSOLUTE BASE_DIR ${directory})
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${source})
    cmake_path(IS_PREFIX CMAKE_BINARY_DIR ${source} generated)
    if(generated OR path IN_LIST CLINNOVA_COMPILED_ALONE)
      set_source_files_properties(${source} DIRECTORY ${directory} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# clinnova_shorten_builds(DIRECTORY): every target of ours in it and below.
function(clinnova_shorten_builds directory)
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  set(tests ${CMAKE_SOURCE_DIR}/tests)
  cmake_path(IS_PREFIX tests ${directory} in_tests)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(target MATCHES "^clinnova_(wire|onnx)$")  # generated
      continue()
    elseif(target MATCHES "_test$")
      clinnova_precompile(${target} clinnova_precompiled_tests)
      clinnova_unite(${target})
    elseif(type STREQUAL "STATIC_LIBRARY")
      clinnova_precompile(${target} clinnova_precompiled)
      clinnova_unite(${target})
    elseif(type STREQUAL "EXECUTABLE" AND NOT in_tests)
      clinnova_precompile(${target} clinnova_precompiled)
    endif()
  endforeach()
  get_property(below DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(subdirectory IN LISTS below)
    clinnova_shorten_builds(${subdirectory})
  endforeach()
endfunction()

# To be called once, after all targets are there.
function(clinnova_shorten_all_builds)
  if(CLINNOVA_PRECOMPILE)
    # GCC 12 warns of libstdc++'s own strings (its bug 105651), and forgets of precompiled headers that they
    # are the system's.
    target_compile_options(
      clinnova_flags
      INTERFACE
        $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread>)
    file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cc CONTENT "// Only for the headers.\n")
    add_library(clinnova_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
    target_link_libraries(clinnova_precompiled PRIVATE clinnova_flags tl::expected)
    target_precompile_headers(clinnova_precompiled PRIVATE ${CLINNOVA_STANDARD_HEADERS})
  endif()
  if(CLINNOVA_PRECOMPILE AND CLINNOVA_TESTS)
    add_library(clinnova_precompiled_tests OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
    target_link_libraries(clinnova_precompiled_tests PRIVATE clinnova_flags tl::expected GTest::gtest_main)
    target_compile_options(clinnova_precompiled_tests PRIVATE -O0)
    target_precompile_headers(clinnova_precompiled_tests PRIVATE ${CLINNOVA_STANDARD_HEADERS} <gtest/gtest.h>)
  endif()
  clinnova_shorten_builds(${CMAKE_SOURCE_DIR})
endfunction()
