/**
 * The tests of CPython that are taken up: each must have a passing test of ours, or a note.
 *
 * A file is taken up whole, or by class; a class whole, by the tests named, or all but some.
 * What is not named here is for later, and the table says so.
 */
export type Choice = 'all' | { only: readonly string[] } | { except: readonly string[] };

export const takenUp: Readonly<Record<string, 'all' | Readonly<Record<string, Choice>>>> = {
  'test_futures.py': 'all',
  'test_futures2.py': 'all',
  'test_runners.py': 'all',
  'test_sock_lowlevel.py': 'all',
  'test_locks.py': 'all',
  'test_queues.py': 'all',

  'test_base_events.py': {
    BaseEventLoopTests: {
      except: [
        // subprocesses
        'test_subprocess_exec_invalid_args',
        'test_subprocess_shell_invalid_args',
      ],
    },
    BaseEventTests: 'all',
    BaseEventLoopWithSelectorTests: {
      except: [
        // TLS
        'test_create_connection_ssl_server_hostname_default',
        'test_create_connection_no_ssl_server_hostname_errors',
        'test_create_connection_ssl_server_hostname_errors',
        'test_create_connection_ssl_timeout_for_plain_socket',
        'test_create_server_ssl_timeout_for_plain_socket',
        // datagrams on paths
        'test_create_datagram_endpoint_sock_unix',
        'test_create_datagram_endpoint_existing_sock_unix',
        // accepting by hand
        'test_accept_connection_retry',
        'test_accept_connection_exception',
      ],
    },
    RunningLoopTests: 'all',
  },

  'test_context.py': 'all',
  'test_pep492.py': 'all',
  'test_threads.py': 'all',
  'test_tasks.py': 'all',
  'test_taskgroups.py': 'all',
  'test_timeouts.py': 'all',
  'test_waitfor.py': 'all',
};
