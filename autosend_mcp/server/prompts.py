"""Prompts with which a user starts a piece of work. Each names the tools and their order; the tools suffice alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mcp_types import GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent

from autosend_mcp.models.text import visible

_MAX_ARGUMENT = 4_000


@dataclass(frozen=True, slots=True)
class Template:
    """One prompt: what is published, the tools it needs, and its text with a field for each argument."""

    title: str
    description: str
    arguments: Mapping[str, str]
    needs: frozenset[str]
    text: str

    def definition(self, name: str) -> Prompt:
        """Return the prompt as `prompts/list` shows it."""
        arguments = [
            PromptArgument(name=argument, description=description, required=True)
            for argument, description in self.arguments.items()
        ]
        return Prompt(name=name, title=self.title, description=self.description, arguments=arguments)

    def filled(self, given: Mapping[str, str]) -> GetPromptResult:
        """Return the prompt with the arguments in it.

        Raises:
            KeyError: An argument is missing.
        """
        values = {name: visible(given[name])[:_MAX_ARGUMENT] for name in self.arguments}
        text = self.text.format(**values)
        return GetPromptResult(
            description=self.description, messages=[PromptMessage(role="user", content=TextContent(text=text))]
        )


PROMPTS: dict[str, Template] = {
    "add_people_to_list": Template(
        title="Add people to a list",
        description="Put people into a contact list, after showing what that would start.",
        arguments={"list": "The contact list, by name or id.", "people": "Their addresses, in any form."},
        needs=frozenset({"add_to_list", "list_contact_lists"}),
        text=(
            "Put these people into the AutoSend contact list {list}:\n\n{people}\n\n"
            "First call add_to_list with dryRun. Tell me who would be newly created, and that the list's live "
            "automations would start and may send mail. When I agree, call it without dryRun, and tell me who was "
            "added, who was in it already, and who was not added and why."
        ),
    ),
    "find_and_fix_contact": Template(
        title="Find and fix a contact",
        description="Find a contact, show what is wrong, and change it once agreed.",
        arguments={"who": "The address, or a part of it.", "problem": "What is wrong, or what it should be."},
        needs=frozenset({"find_contacts", "get_contact", "upsert_contact"}),
        text=(
            "Find the AutoSend contact {who}. What is wrong: {problem}\n\n"
            "Use get_contact for a whole address, find_contacts with emailContains for a part of one; if several fit, "
            "ask me which. Show me the values as they are, then call upsert_contact with dryRun and only what has to "
            "change. When I agree, call it without dryRun, and tell me what each value was and is."
        ),
    ),
}


def offered(tools: Collection[str]) -> dict[str, Template]:
    """Return the prompts whose tools are all offered."""
    return {name: prompt for name, prompt in PROMPTS.items() if prompt.needs <= set(tools)}
