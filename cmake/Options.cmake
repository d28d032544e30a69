# Compiler settings, in one place: the language, the warnings, the sanitizers, the hardening.
# Two interface targets carry them: sw_flags (everything of ours) and sw_warnings (the same, named apart
# so that a reader sees which is which).

option(SW_WERROR "Treat warnings as errors" ON)
option(SW_TESTS "Build the unit tests and the corpus replays" OFF)
option(SW_FUZZ "Build tests/fuzz with libFuzzer (needs clang)" OFF)
option(SW_BENCH "Add the target 'bench' with the programs of bench/" OFF)
option(SW_HARDEN "Hardening flags for a released binary" OFF)
set(SW_SANITIZE "" CACHE STRING "Sanitizers, comma separated: address,undefined or thread")
set(SW_STATIC_DIR "${PROJECT_SOURCE_DIR}/static" CACHE PATH "Where the server finds the page's files")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Debug CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
# sw_assert holds in a release too, so NDEBUG is never set; the level of -O is the preset's.
set(CMAKE_C_FLAGS_DEBUG "-Og -g3")
set(CMAKE_C_FLAGS_RELEASE "-O3 -g")

find_program(SW_CCACHE ccache)
if(SW_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER "${SW_CCACHE}")
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

add_library(sw_flags INTERFACE)
target_include_directories(sw_flags INTERFACE "${PROJECT_SOURCE_DIR}/src")
target_compile_definitions(sw_flags INTERFACE _GNU_SOURCE SW_VERSION="${PROJECT_VERSION}")
# No contraction: a*b+c gives the same bits on every machine and at every -O.
target_compile_options(sw_flags INTERFACE -fno-omit-frame-pointer -fno-common -ffp-contract=off)
target_link_libraries(sw_flags INTERFACE Threads::Threads m)

add_library(sw_warnings INTERFACE)
target_compile_options(sw_warnings INTERFACE
    -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wvla -Wundef -Wformat=2 -Wpointer-arith
    -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wdouble-promotion -Wimplicit-fallthrough)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Out parameters that are set only on success read as a doubt to it, at -O3 alone. -Wuninitialized,
    # which is no guess, stays.
    target_compile_options(sw_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
if(SW_WERROR)
    target_compile_options(sw_warnings INTERFACE -Werror)
endif()

if(SW_SANITIZE)
    target_compile_options(sw_flags INTERFACE
        -fsanitize=${SW_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(sw_flags INTERFACE -fsanitize=${SW_SANITIZE})
endif()
if(SW_FUZZ)
    target_compile_options(sw_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(SW_HARDEN)
    target_compile_options(sw_flags INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection)
    target_link_options(sw_flags INTERFACE -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
        target_compile_options(sw_flags INTERFACE -fcf-protection=full)
    endif()
endif()
