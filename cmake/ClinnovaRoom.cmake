# SPDX-License-Identifier: Apache-2.0
# One call per room of src/: a static library clinnova_<NAME>, and its tests <NAME>_test.
#
#   clinnova_room(NAME table
#     SOURCES formula.cc          the room's sources, named one by one
#     TESTS formula_test.cc       Google Test sources; one binary per room
#     DEPS core                   rooms below this one, the only ones it may include
#     LIBRARIES SQLite::SQLite3   outside libraries)

add_library(clinnova_flags INTERFACE)
# Contraction to fused multiply-adds would make a record's contribution depend on the processor.
target_compile_options(clinnova_flags INTERFACE -Wall -Wextra -Werror -ffp-contract=off
                                                -fno-fast-math)
# Clang warns of libstdc++ 12's own use of a deprecated function, and of loops that a sanitizer keeps
# from becoming vector code.
target_compile_options(
  clinnova_flags INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations;-Wno-pass-failed>)
target_include_directories(clinnova_flags INTERFACE ${CMAKE_SOURCE_DIR}/src
                                                    ${CMAKE_BINARY_DIR}/generated)
if(CLINNOVA_SANITIZE)
  target_compile_options(clinnova_flags INTERFACE -fsanitize=${CLINNOVA_SANITIZE}
                                                  -fno-omit-frame-pointer)
  target_link_options(clinnova_flags INTERFACE -fsanitize=${CLINNOVA_SANITIZE})
endif()

if(CLINNOVA_FUZZ)
  target_compile_options(clinnova_flags INTERFACE -fsanitize=fuzzer-no-link
                                                  -fno-sanitize-recover=undefined)
endif()

function(clinnova_room)
  cmake_parse_arguments(ROOM "" "NAME" "SOURCES;TESTS;DEPS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  set(target clinnova_${ROOM_NAME})
  add_library(${target} STATIC ${ROOM_SOURCES})
  list(TRANSFORM ROOM_DEPS PREPEND clinnova_)
  target_link_libraries(${target} PUBLIC clinnova_flags ${ROOM_DEPS} ${ROOM_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY CLINNOVA_ROOMS ${target})
  if(CLINNOVA_TESTS AND ROOM_TESTS)
    add_executable(${ROOM_NAME}_test ${ROOM_TESTS})
    # Tests' own code need not be fast; without optimisation it compiles in half the time.
    target_compile_options(${ROOM_NAME}_test PRIVATE -O0)
    if(CLINNOVA_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # GCC's own manual: false positives are to be expected with sanitizers.
      target_compile_options(${ROOM_NAME}_test PRIVATE -Wno-maybe-uninitialized)
    endif()
    target_link_libraries(${ROOM_NAME}_test PRIVATE ${target} ${ROOM_TEST_LIBRARIES}
                                                    GTest::gtest_main)
    gtest_discover_tests(${ROOM_NAME}_test DISCOVERY_MODE PRE_TEST TEST_PREFIX ${ROOM_NAME}.
                         PROPERTIES TIMEOUT 300)
  endif()
endfunction()

# The program at the top of the rooms: an executable <NAME> in the build folder, from SOURCES, that
# includes the rooms in DEPS and links LIBRARIES.
function(clinnova_program)
  cmake_parse_arguments(PROGRAM "" "NAME" "SOURCES;DEPS;LIBRARIES" ${ARGN})
  add_executable(${PROGRAM_NAME} ${PROGRAM_SOURCES})
  list(TRANSFORM PROGRAM_DEPS PREPEND clinnova_)
  target_link_libraries(${PROGRAM_NAME} PRIVATE clinnova_flags ${PROGRAM_DEPS} ${PROGRAM_LIBRARIES})
  set_target_properties(${PROGRAM_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
