# Tests, found by their names:
#
#   tests/support/*.c              one library for all of them (sw_test_support)
#   tests/unit/FOLDER/X_test.c     an executable FOLDER_X_test, linked with FOLDER and all below it
#   tests/fuzz/X_fuzz.c            with SW_FUZZ a libFuzzer program X_fuzz, otherwise X_replay, which
#                                  runs the corpus tests/fuzz/corpus/X/ as an ordinary test
#
# Each prints TAP. ctest knows them all; ./dev test runs and counts them (tools/run_tests.py).
enable_testing()
pkg_check_modules(cmocka REQUIRED QUIET IMPORTED_TARGET GLOBAL cmocka)

# A test's address is shared by the executables: ASan reports of every kind end the run.
set(SW_TEST_ENVIRONMENT
    CMOCKA_MESSAGE_OUTPUT=TAP
    "ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")

add_library(sw_test_support STATIC EXCLUDE_FROM_ALL
    tests/support/disk.c tests/support/random.c)
target_include_directories(sw_test_support PUBLIC "${PROJECT_SOURCE_DIR}/tests")
target_link_libraries(sw_test_support PUBLIC sw_flags PkgConfig::cmocka PRIVATE sw_warnings)
sw_external(sw_test_support sqlite3)

# Adds one executable of tests/, linked with LIBRARIES, under build/<preset>/tests.
function(sw_test_program name source)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE ${ARGN} sw_test_support sw_flags sw_warnings)
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    target_compile_definitions(${name} PRIVATE
        SW_TEST_DIR="${PROJECT_SOURCE_DIR}/tests")
endfunction()

function(sw_add_unit_tests)
    foreach(folder IN LISTS SW_LAYERS)
        file(GLOB sources CONFIGURE_DEPENDS
            "${PROJECT_SOURCE_DIR}/tests/unit/${folder}/*_test.c")
        if(sources AND TARGET sw_${folder})
            sw_libraries_up_to(${folder} libraries)
            foreach(source IN LISTS sources)
                cmake_path(GET source STEM module)
                set(name "${folder}_${module}")
                sw_test_program(${name} ${source} ${libraries})
                add_test(NAME ${name} COMMAND ${name})
                set_tests_properties(${name} PROPERTIES
                    ENVIRONMENT "${SW_TEST_ENVIRONMENT}" TIMEOUT 300)
            endforeach()
        endif()
    endforeach()
endfunction()

function(sw_add_fuzzers)
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/fuzz/*_fuzz.c")
    sw_libraries_up_to(net libraries)
    foreach(source IN LISTS sources)
        cmake_path(GET source STEM stem)
        string(REGEX REPLACE "_fuzz$" "" name "${stem}")
        if(SW_FUZZ)
            sw_test_program(${name}_fuzz ${source} ${libraries})
            target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
        else()
            sw_test_program(${name}_replay ${source} ${libraries})
            target_sources(${name}_replay PRIVATE
                "${PROJECT_SOURCE_DIR}/tests/support/replay_main.c")
            add_test(NAME ${name}_replay COMMAND ${name}_replay
                "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name}")
            set_tests_properties(${name}_replay PROPERTIES
                ENVIRONMENT "${SW_TEST_ENVIRONMENT}" TIMEOUT 300)
        endif()
    endforeach()
endfunction()

if(NOT SW_FUZZ)
    sw_add_unit_tests()
endif()
sw_add_fuzzers()
