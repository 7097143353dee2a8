"""A course on credit assignment: holes in nofb's own code, and a grader that judges from outside.

Students write files of their own. Their code runs in processes that only compute; all judging is
done by the grader, in a process that never imports a student's code.
"""

from nofb.course.task import Question, Task, Wrong
from nofb.course.tasks import TASKS, find

__all__ = ["TASKS", "Question", "Task", "Wrong", "find"]
